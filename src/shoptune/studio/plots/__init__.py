"""Options of ECharts, computed from plain values: no function here touches the page."""
