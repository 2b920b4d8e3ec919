"""A real LVS-DR cluster in user-mode Linux, as a test and as a demonstration: `make lab`, docs/lab.md."""
