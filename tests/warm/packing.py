"""Compiles axolotl's packing, once for all trainings: numba compiles for the types of the first arguments."""

import numpy
from axolotl.utils.samplers.multipack import pack_parallel

pack_parallel(numpy.array([2, 1], numpy.int32), bin_capacity=4, group_size=4, bin_size=4, num_processes=1)
