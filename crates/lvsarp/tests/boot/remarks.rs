//! What is said about lines that did not simply take effect.
