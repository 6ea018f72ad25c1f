//! AWS's own image crate behind three commands, for tests: build, sign and read an enclave image.
//!
//! Prints one JSON object. Exit code: 0 done, 1 the crate refuses (its words on stderr), 2 wrong arguments; the crate also panics (101)
//! or aborts on input that it does not expect.

use aws_nitro_enclaves_image_format::defs::{EIF_HDR_ARCH_ARM64, EifIdentityInfo};
use aws_nitro_enclaves_image_format::utils::eif_reader::EifReader;
use aws_nitro_enclaves_image_format::utils::{EifBuilder, EifSigner, SignKeyData};
use serde_json::{Value, json};
use sha2::{Digest, Sha384};
use std::fs::{self, File};
use std::path::Path;
use std::process::exit;

const USAGE: &str = "aws-image-judge build <out> <x86_64|arm64> <kernel> <command line> <metadata.json> <ramdisk>...
aws-image-judge sign <image> <key.pem> <certificate.pem>
aws-image-judge read <image>";

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args.as_slice() {
        ["build", out, arch, kernel, cmdline, metadata, ramdisks @ ..] if !ramdisks.is_empty() => {
            build(out, arch, kernel, cmdline, metadata, ramdisks)
        }
        ["sign", image, key, certificate] => sign(image, key, certificate),
        ["read", image] => read(image),
        _ => {
            eprintln!("{USAGE}");
            exit(2);
        }
    };
    match result {
        Ok(value) => println!("{value}"),
        Err(message) => {
            eprintln!("{message}");
            exit(1);
        }
    }
}

fn build(out: &str, arch: &str, kernel: &str, cmdline: &str, metadata: &str, ramdisks: &[&str]) -> Result<Value, String> {
    let flags = match arch {
        "x86_64" => 0,
        "arm64" => EIF_HDR_ARCH_ARM64,
        other => return Err(format!("unknown architecture {other}")),
    };
    let text = fs::read(metadata).map_err(|error| error.to_string())?;
    let identity: EifIdentityInfo = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    let mut builder = EifBuilder::new(Path::new(kernel), cmdline.to_string(), None, Sha384::new(), flags, identity);
    for ramdisk in ramdisks {
        builder.add_ramdisk(Path::new(ramdisk));
    }
    let mut file = File::options()
        .create_new(true)
        .read(true)
        .write(true)
        .open(out)
        .map_err(|error| error.to_string())?;
    Ok(json!({ "measurements": builder.write_to(&mut file) }))
}

/// Signs in place, as `nitro-cli sign-eif` does.
fn sign(image: &str, key: &str, certificate: &str) -> Result<Value, String> {
    let data = SignKeyData::new(key, Path::new(certificate))?;
    let signer = EifSigner::new(Some(data)).ok_or("no signer")?;
    signer.sign_image(image)?;
    read(image)
}

/// `signatureValid` is null where the image has no signature. The crate reads an image with a wrong checksum; `crcValid` tells.
fn read(image: &str) -> Result<Value, String> {
    let mut reader = EifReader::from_eif(image.to_string())?;
    let crc_valid = reader.check_crc();
    let measurements = reader.get_measurements()?;
    let signature_valid = match reader.signature_section {
        None => None,
        Some(_) => {
            reader.get_certificate_info(measurements.clone())?;
            reader.sign_check
        }
    };
    Ok(json!({ "crcValid": crc_valid, "measurements": measurements, "signatureValid": signature_valid }))
}
