/* A stand-in for NVIDIA's management library with the signatures of nvml.h: two T4, one of them in use. */
#include <stdio.h>
#include <string.h>

typedef struct { unsigned long long total, free, used; } nvmlMemory_t;
typedef void *nvmlDevice_t;

int nvmlInit_v2(void) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlSystemGetDriverVersion(char *version, unsigned int length) {
    snprintf(version, length, "580.65.06");
    return 0;
}
int nvmlDeviceGetCount_v2(unsigned int *count) { *count = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device) {
    *device = (nvmlDevice_t)(0x700000000000ULL + index); /* wider than an int: a truncated handle is caught */
    return 0;
}
static int number(nvmlDevice_t device) { return (int)((unsigned long long)device - 0x700000000000ULL); }
static int known(nvmlDevice_t device) { return number(device) == 0 || number(device) == 1; }
int nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned int length) {
    if (!known(device)) return 2;
    snprintf(name, length, "Tesla T4");
    return 0;
}
int nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned int length) {
    if (!known(device)) return 2;
    snprintf(uuid, length, "GPU-%d", number(device));
    return 0;
}
int nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory) {
    if (!known(device)) return 2;
    memory->total = 15655829504ULL;
    memory->free = number(device) ? 1000000000ULL : 15000000000ULL;
    memory->used = memory->total - memory->free;
    return 0;
}
int nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor) {
    if (!known(device)) return 2;
    *major = 7;
    *minor = 5;
    return 0;
}
