//! Finds the program that runs at boot.
