//! What a decision, a check and an index cost: `make bench`, or `cargo bench` in this directory.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use criterion::{Criterion, criterion_group, criterion_main};
use lvsarp::Model;
use lvsarp_model_bench::{host, vip};

fn decisions(c: &mut Criterion) {
    let (sender, eth0) = (Ipv4Addr::new(10, 0, 0, 9), "eth0".parse().unwrap());
    for (name, interfaces, addresses, routes) in [("ordinary host", 2, 4, 1), ("10,000 addresses, 10,000 routes", 2, 10_000, 10_000)] {
        let model = Model::new(host(interfaces, addresses, routes, 1, 2));
        c.bench_function(&format!("reply, {name}"), |b| {
            b.iter(|| model.replies(black_box(vip(1)), black_box(sender), &eth0).unwrap())
        });
        c.bench_function(&format!("announce, {name}"), |b| {
            b.iter(|| model.announces(black_box(sender), &eth0, Some(black_box(vip(1)))).unwrap())
        });
        c.bench_function(&format!("reply with its trace, {name}"), |b| {
            b.iter(|| model.would_reply(black_box(vip(1)), black_box(sender), &eth0).unwrap())
        });
        let snapshot = model.snapshot().clone();
        c.bench_function(&format!("index, {name}"), |b| b.iter(|| Model::of(black_box(&snapshot))));
    }
}

fn checks(c: &mut Criterion) {
    let vips: Vec<IpAddr> = (0..1_000).map(|n| IpAddr::V4(vip(n))).collect();
    for (name, arp_ignore, arp_announce) in [("silent", 1, 2), ("leaking", 0, 0)] {
        let snapshot = host(100, 1_000, 1, arp_ignore, arp_announce);
        c.bench_function(&format!("check, 1,000 VIPs on 100 interfaces, {name}"), |b| {
            b.iter(|| black_box(&snapshot).check(Some(&vips)).unwrap())
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().without_plots().sample_size(20).measurement_time(std::time::Duration::from_secs(3));
    targets = decisions, checks
}
criterion_main!(benches);
