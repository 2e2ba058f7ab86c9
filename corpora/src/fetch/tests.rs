use super::*;
use crate::unpack::tests::zip_of;

/// Serves one package file, and counts.
struct Served {
    file: Option<Vec<u8>>,
    save_as: &'static str,
    downloads: usize,
}

impl Download for Served {
    fn download(&mut self, package: &Package, directory: &Path) -> Result<(), FetchError> {
        self.downloads += 1;
        match &self.file {
            Some(bytes) => Ok(fs::write(directory.join(self.save_as), bytes)?),
            None => Err(FetchError::ClientMissing { client: "pip", source_kind: package.source }),
        }
    }
}

fn served(file: Vec<u8>) -> Served {
    Served { file: Some(file), save_as: "fw.whl", downloads: 0 }
}

fn package_bytes() -> Vec<u8> {
    zip_of(&[("one.bin", b"first image"), ("two.bin", b"second image\xFF\xFF\xFF\xFF")])
}

/// Two images of one package; the second needs a conversion.
fn manifest(second: &[u8], second_member: &str) -> Manifest {
    let package = Digest::of(&package_bytes());
    let first = Digest::of(b"first image");
    let (size, second) = (second.len(), Digest::of(second));
    Manifest::parse(&format!(
        r#"
packages = [
    {{ file = "fw.whl", source = "pypi", name = "fw", version = "1", sha256 = "{package}", licence = "MIT" }},
]
images = [
    {{ series = "fw", version = "1", core = "M0", size = 11, sha256 = "{first}", package = "fw.whl", member = "one.bin", conversion = "raw" }},
    {{ series = "fw", version = "2", core = "M0", size = {size}, sha256 = "{second}", package = "fw.whl", member = "{second_member}", conversion = "rstripff" }},
]
pairs = [
    {{ set = "more", class = "patch", base = ["fw", "1"], target = ["fw", "2"], zstd_patch = 1, bsdiff_patch = 1, xz_target = 1 }},
]
"#
    ))
    .unwrap()
}

fn good_manifest() -> Manifest {
    manifest(b"second image", "two.bin")
}

struct Run {
    summary: Summary,
    errors: Vec<String>,
}

fn run(manifest: &Manifest, wanted: &[Arc<Image>], cache: &Cache, from: &mut Served) -> Run {
    let mut errors = Vec::new();
    let summary = fetch(manifest, wanted, cache, from, &mut |event| match event {
        Event::ImageFailed { error, .. } | Event::PackageFailed { error, .. } => {
            errors.push(error.to_string());
        }
        Event::Package { .. } | Event::Stored { .. } => {}
    });
    Run { summary, errors }
}

fn summary(present: usize, fetched: usize, failed: usize) -> Summary {
    Summary { present, fetched, failed }
}

#[test]
fn a_package_is_fetched_once_and_a_second_run_does_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (cache, manifest, mut from) =
        (Cache::at(directory.path()), good_manifest(), served(package_bytes()));
    let wanted = manifest.images_in(None);

    assert_eq!(run(&manifest, &wanted, &cache, &mut from).summary, summary(0, 2, 0));
    assert_eq!(run(&manifest, &wanted, &cache, &mut from).summary, summary(2, 0, 0));
    assert_eq!(from.downloads, 1);
    assert_eq!(cache.image(&wanted[1]).unwrap(), b"second image");
}

#[test]
fn the_other_images_of_a_package_are_stored_with_the_wanted_one() {
    let directory = tempfile::tempdir().unwrap();
    let (cache, manifest, mut from) =
        (Cache::at(directory.path()), good_manifest(), served(package_bytes()));
    let wanted = manifest.images_in(None);

    assert_eq!(run(&manifest, &wanted[..1], &cache, &mut from).summary, summary(0, 1, 0));
    assert_eq!(run(&manifest, &wanted, &cache, &mut from).summary, summary(2, 0, 0));
    assert_eq!(from.downloads, 1);
}

#[test]
fn a_corrupt_image_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let (cache, manifest, mut from) =
        (Cache::at(directory.path()), good_manifest(), served(package_bytes()));
    let wanted = manifest.images_in(None);
    run(&manifest, &wanted, &cache, &mut from);
    fs::write(cache.path(&wanted[0]), b"first imag_").unwrap();

    assert_eq!(run(&manifest, &wanted, &cache, &mut from).summary, summary(1, 1, 0));
    assert_eq!(cache.image(&wanted[0]).unwrap(), b"first image");
}

#[test]
fn a_package_under_another_name_counts_if_it_is_the_only_file() {
    let directory = tempfile::tempdir().unwrap();
    let (cache, manifest) = (Cache::at(directory.path()), good_manifest());
    let mut from = Served { save_as: "Fw-1.whl", ..served(package_bytes()) };
    let run = run(&manifest, &manifest.images_in(None), &cache, &mut from);
    assert_eq!((run.summary, run.errors), (summary(0, 2, 0), vec![]));
}

#[test]
fn another_package_than_the_manifest_names_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (cache, manifest) = (Cache::at(directory.path()), good_manifest());
    let mut from = served(zip_of(&[("one.bin", b"first image")]));
    let run = run(&manifest, &manifest.images_in(None), &cache, &mut from);
    assert_eq!(run.summary, summary(0, 0, 2));
    assert!(
        run.errors[0].starts_with("fw.whl: expected a package with SHA-256 "),
        "{:?}",
        run.errors
    );
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn one_bad_image_does_not_stop_the_other() {
    for (manifest, expected) in [
        (manifest(b"second imagf", "two.bin"), "fw 2: expected 12 bytes with SHA-256 "),
        (manifest(b"second image", "none"), "expected none inside the package"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::at(directory.path());
        let mut from = served(package_bytes());
        let run = run(&manifest, &manifest.images_in(None), &cache, &mut from);
        assert_eq!(run.summary, summary(0, 1, 1));
        assert!(run.errors[0].starts_with(expected), "{:?}", run.errors);
    }
}

#[test]
fn without_its_client_all_images_of_a_package_fail() {
    let directory = tempfile::tempdir().unwrap();
    let (cache, manifest) = (Cache::at(directory.path()), good_manifest());
    let mut from = Served { file: None, ..served(vec![]) };
    let run = run(&manifest, &manifest.images_in(None), &cache, &mut from);
    assert_eq!(run.summary, summary(0, 0, 2));
    assert_eq!(run.errors, ["expected pip to fetch pypi packages, found no such command"]);
}
