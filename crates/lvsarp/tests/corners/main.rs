//! Corners of the decisions on described hosts: each test fails for a small mistake that no other test notices. Kernel versions, VRFs, rules and routes
//! that a live namespace here cannot show.

mod described;
mod hosts;
mod routes;
mod versions;
