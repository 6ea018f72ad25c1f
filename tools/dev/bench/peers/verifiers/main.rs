//! Verifies one attestation document again and again, with another project's verifier, and prints documents per second of CPU time.
//! attestation-peers <evervault|nitro_attest> <document> <Unix time of the document, in ms> <seconds>
use std::{env, fs, hint::black_box, process, sync::atomic::{AtomicI64, Ordering}};

use attestation_doc_validation::validate_and_parse_attestation_doc;
use libc::{c_int, clockid_t, timespec, SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, CLOCK_REALTIME};
use nitro_attest::UnparsedAttestationDoc;
use time::OffsetDateTime;

/// Seconds since 1970 at which this program's clock is stopped; 0: the clock shows the machine's time.
static STOPPED_AT: AtomicI64 = AtomicI64::new(0);

/// Replaces the C library's function in this program. Evervault's crate always asks the clock, and a document is valid for three hours.
///
/// # Safety
/// As the C library's: `out` points to a timespec.
#[no_mangle]
pub unsafe extern "C" fn clock_gettime(clock: clockid_t, out: *mut timespec) -> c_int {
    let stopped = STOPPED_AT.load(Ordering::Relaxed);
    if clock == CLOCK_REALTIME && stopped != 0 {
        *out = timespec { tv_sec: stopped, tv_nsec: 0 };
        return 0;
    }
    libc::syscall(SYS_clock_gettime, clock, out) as c_int
}

fn cpu_seconds() -> f64 {
    let mut now = timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let [_, who, file, at_ms, seconds] = arguments.as_slice() else {
        eprintln!("usage: attestation-peers <evervault|nitro_attest> <document> <ms> <seconds>");
        process::exit(2);
    };
    let document = fs::read(file).expect("the document");
    let at = at_ms.parse::<i64>().expect("ms") / 1000 + 1;
    let limit: f64 = seconds.parse().expect("seconds");
    STOPPED_AT.store(at, Ordering::Relaxed);
    let now = OffsetDateTime::from_unix_timestamp(at).expect("a time");
    let accepts = |bytes: &[u8]| -> bool {
        match who.as_str() {
            "evervault" => validate_and_parse_attestation_doc(black_box(bytes)).is_ok(),
            "nitro_attest" => UnparsedAttestationDoc::from(black_box(bytes)).parse_and_verify(now).is_ok(),
            _ => panic!("unknown verifier"),
        }
    };
    // A verifier that accepts anything would be fast
    let mut forged = document.clone();
    *forged.last_mut().expect("bytes") ^= 1;
    if !accepts(&document) || accepts(&forged) {
        eprintln!("{who} does not tell this document from a forged one");
        process::exit(1);
    }
    let mut best = 0.0_f64;
    for _ in 0..4 {
        let (begun, mut count) = (cpu_seconds(), 0);
        while cpu_seconds() - begun < limit / 4.0 {
            assert!(accepts(&document));
            count += 1;
        }
        best = best.max(f64::from(count) / (cpu_seconds() - begun));
    }
    println!("{{\"ratePerCpuSecond\":{best}}}");
}
