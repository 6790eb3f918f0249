//! The kernels against sums written out, in double precision.

use super::super::simd::fastest;
use super::*;

/// Numbers between -1 and 1 that look random.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Every product of the convolution: (output, input, weight) places.
fn products(g: &ConvGeometry, mut each: impl FnMut(usize, usize, usize)) {
    let (inputs, outputs) = (g.group_inputs(), g.group_outputs());
    for item in 0..g.input.items {
        for (y, x) in (0..g.output.height).flat_map(|y| (0..g.output.width).map(move |x| (y, x))) {
            for cell in 0..g.kernel * g.kernel {
                let along = |at: usize, k: usize| (at * g.stride + k) as isize + g.origin;
                let (row, column) = (along(y, cell / g.kernel), along(x, cell % g.kernel));
                let inside = |at: isize, side: usize| (0..side as isize).contains(&at);
                if !inside(row, g.input.height) || !inside(column, g.input.width) {
                    continue;
                }
                for output in 0..g.output.channels {
                    for input in 0..inputs {
                        let to = ((item * g.output.height + y) * g.output.width + x)
                            * g.output.channels
                            + output;
                        let place = (item * g.input.height + row as usize) * g.input.width;
                        let from = (place + column as usize) * g.input.channels
                            + output / outputs * inputs
                            + input;
                        each(to, from, (output * g.kernel * g.kernel + cell) * inputs + input);
                    }
                }
            }
        }
    }
}

fn close(found: &[f32], expected: &[f64], what: &str) {
    let largest = expected.iter().fold(1e-3_f64, |largest, value| largest.max(value.abs()));
    for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - expected).abs() / largest;
        assert!(error < 2e-6, "{what}[{i}]: {found} for {expected}");
    }
}

fn check(isa: Isa, g: &ConvGeometry) {
    let (x, w) = (numbers(g.input.elements(), 1), numbers(g.weights(), 2));
    let dy = numbers(g.output.elements(), 3);
    let mut y = vec![f32::NAN; g.output.elements()];
    let mut dx = vec![f32::NAN; g.input.elements()];
    forward(isa, g, &x, &w, &mut y);
    input_gradient(isa, g, &dy, &w, &mut dx);
    let dw = weight_gradient(isa, g, &x, &dy);
    let (mut ey, mut ex, mut ew) = (vec![0.0; y.len()], vec![0.0; x.len()], vec![0.0; w.len()]);
    products(g, |to, from, weight| {
        ey[to] += f64::from(x[from]) * f64::from(w[weight]);
        ex[from] += f64::from(dy[to]) * f64::from(w[weight]);
        ew[weight] += f64::from(dy[to]) * f64::from(x[from]);
    });
    close(&y, &ey, &format!("{isa:?} {g:?} output"));
    close(&dx, &ex, &format!("{isa:?} {g:?} input gradient"));
    close(&dw, &ew, &format!("{isa:?} {g:?} weight gradient"));
}

fn geometries() -> Vec<ConvGeometry> {
    let mut all = Vec::new();
    for kernel in 1..=7 {
        for stride in 1..=3 {
            for padding in [0, kernel / 2, kernel - 1] {
                for edge in [EvenEdge::First, EvenEdge::Last] {
                    for (groups, inputs, outputs) in [(1, 3, 20), (2, 8, 6), (4, 4, 4)] {
                        let input = MapShape { items: 3, height: 9, width: 7, channels: inputs };
                        let options = ConvOptions { stride, padding, groups, edge };
                        all.push(ConvGeometry::new(input, (outputs, kernel), options));
                    }
                }
            }
        }
    }
    all
}

fn everywhere(geometry: &ConvGeometry) {
    check(fastest(), geometry);
    check(Isa::Portable, geometry);
    #[cfg(target_arch = "x86_64")]
    if fastest() != Isa::Portable {
        check(Isa::Avx2, geometry);
    }
}

#[test]
fn every_kernel_stride_padding_and_group_has_its_sums() {
    geometries().iter().for_each(everywhere);
}

#[test]
fn wide_and_large_layers_have_their_sums() {
    for (items, side, inputs, outputs, groups) in [
        (2, 5, 80, 96, 1),
        (9, 3, 200, 260, 1),
        (9, 2, 64, 48, 1),
        (20, 4, 32, 64, 2),
        (5, 1, 7, 7, 1),
        // Rows of weights in blocks of 6, 4, 2 and 1 where there are 16 registers; outputs in 1, 3
        // and 4 vectors.
        (3, 5, 24, 8, 1),
        (3, 5, 8, 17, 1),
        (3, 5, 24, 24, 1),
        (3, 5, 32, 32, 1),
    ] {
        let input = MapShape { items, height: side, width: side, channels: inputs };
        let options = ConvOptions { stride: 1, padding: 1, groups, edge: EvenEdge::Last };
        everywhere(&ConvGeometry::new(input, (outputs, 3), options));
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let input = MapShape { items: 13, height: 8, width: 8, channels: 20 };
    let options = ConvOptions { stride: 1, padding: 1, groups: 1, edge: EvenEdge::Last };
    for outputs in [24, 400] {
        let g = ConvGeometry::new(input, (outputs, 3), options);
        let (x, dy) = (numbers(g.input.elements(), 1), numbers(g.output.elements(), 3));
        let w = numbers(g.weights(), 2);
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut y = vec![0.0; g.output.elements()];
                let mut dx = vec![0.0; g.input.elements()];
                forward(fastest(), &g, &x, &w, &mut y);
                input_gradient(fastest(), &g, &dy, &w, &mut dx);
                (y, dx, weight_gradient(fastest(), &g, &x, &dy))
            })
        };
        let one = run(1);
        assert!(one == run(2) && one == run(5));
    }
}

/// Prints the time of each kernel on one core; run with `--ignored --nocapture`.
#[test]
#[ignore = "measures time"]
fn time_of_the_kernels() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(print_times);
}

/// Seconds of this thread on a processor, where the system says so; otherwise of the clock.
fn processor_time() -> f64 {
    let stated = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    match stated.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok()) {
        Some(nanoseconds) => nanoseconds / 1e9,
        None => {
            let now = std::time::SystemTime::now();
            now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64()
        }
    }
}

fn print_times() {
    for (items, side, (inputs, outputs), (kernel, stride)) in [
        // The default super net.
        (64, 28, (1, 16), (3, 1)),
        (64, 28, (16, 32), (5, 2)),
        (64, 28, (8, 16), (2, 2)),
        (64, 28, (16, 24), (1, 2)),
        (64, 14, (32, 32), (5, 1)),
        (64, 14, (24, 24), (3, 1)),
        (64, 14, (16, 16), (3, 1)),
        (64, 14, (8, 8), (2, 1)),
        (64, 14, (32, 32), (5, 2)),
        (64, 7, (32, 32), (5, 1)),
        (64, 7, (16, 16), (3, 1)),
        (64, 7, (8, 8), (2, 1)),
        // ResNet-20.
        (64, 32, (16, 16), (3, 1)),
        (64, 16, (32, 32), (3, 1)),
        (64, 8, (64, 64), (3, 1)),
        (64, 32, (3, 16), (3, 1)),
        // VGG-8.
        (16, 32, (128, 128), (3, 1)),
        (16, 16, (256, 256), (3, 1)),
        (16, 8, (512, 512), (3, 1)),
    ] {
        let input = MapShape { items, height: side, width: side, channels: inputs };
        let padding = kernel / 2;
        let options = ConvOptions { stride, padding, groups: 1, edge: EvenEdge::Last };
        let g = ConvGeometry::new(input, (outputs, kernel), options);
        let (x, dy) = (numbers(g.input.elements(), 1), numbers(g.output.elements(), 3));
        let w = numbers(g.weights(), 2);
        let mut y = vec![0.0; g.output.elements()];
        let mut dx = vec![0.0; g.input.elements()];
        let flops = 2.0 * (g.output.positions() * g.weights()) as f64;
        let rate = |run: &mut dyn FnMut()| {
            run();
            let mut least = f64::INFINITY;
            for _ in 0..3 {
                let (start, mut runs, mut taken) = (processor_time(), 0.0, 0.0);
                // The system counts by ticks of some milliseconds.
                while taken < 0.1 {
                    run();
                    runs += 1.0;
                    taken = processor_time() - start;
                }
                least = least.min(taken / runs);
            }
            flops / least / 1e9
        };
        let a = rate(&mut || forward(fastest(), &g, &x, &w, &mut y));
        let b = rate(&mut || input_gradient(fastest(), &g, &dy, &w, &mut dx));
        let c = rate(&mut || drop(weight_gradient(fastest(), &g, &x, &dy)));
        println!(
            "{items}x{side}x{side} {inputs}->{outputs} kernel {kernel} stride {stride}: \
             GFLOP/s forward {a:.1}, input {b:.1}, weights {c:.1}"
        );
    }
}
