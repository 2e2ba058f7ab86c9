//! Rows of `manifest.toml` resolved into values that refer to each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Image, ManifestError, Package, Pair, Peers, Set, raw};
use crate::split::Split;

pub(super) fn packages(rows: Vec<raw::Package>) -> Result<Vec<Arc<Package>>, ManifestError> {
    let mut seen = BTreeSet::new();
    let link = |row: raw::Package| {
        let raw::Package { file, source, name, version, hint, sha256, licence } = row;
        if !seen.insert(file.clone()) {
            return Err(ManifestError::Duplicate(file));
        }
        Ok(Arc::new(Package { file, source, name, version, hint, sha256, licence }))
    };
    rows.into_iter().map(link).collect()
}

pub(super) fn images(
    rows: Vec<raw::Image>,
    packages: &[Arc<Package>],
) -> Result<Vec<Arc<Image>>, ManifestError> {
    let by_file: BTreeMap<_, _> =
        packages.iter().map(|package| (&*package.file, package)).collect();
    let mut names = BTreeSet::new();
    let link = |row: raw::Image| {
        let raw::Image { series, version, core, size, sha256, package: file, member, conversion } =
            row;
        if !names.insert((series.clone(), version.clone())) {
            return Err(ManifestError::Duplicate(format!("{series} {version}")));
        }
        let Some(&package) = by_file.get(&*file) else {
            let image = format!("{series} {version}");
            return Err(ManifestError::UnknownPackage { image, file });
        };
        let package = Arc::clone(package);
        let size_bytes = size;
        Ok(Arc::new(Image {
            series,
            version,
            core,
            size_bytes,
            sha256,
            package,
            member,
            conversion,
        }))
    };
    rows.into_iter().map(link).collect()
}

pub(super) fn pairs(
    rows: Vec<raw::Pair>,
    images: &[Arc<Image>],
) -> Result<Vec<Pair>, ManifestError> {
    let by_name: BTreeMap<_, _> =
        images.iter().map(|image| ((&*image.series, &*image.version), image)).collect();
    let find = |(series, version): &(String, String)| match by_name.get(&(&**series, &**version)) {
        Some(image) => Ok(Arc::clone(image)),
        None => Err(ManifestError::UnknownImage(format!("{series} {version}"))),
    };
    let benchmark: BTreeSet<String> = rows
        .iter()
        .filter(|row| row.set == Set::Benchmark)
        .flat_map(|row| [row.base.0.clone(), row.target.0.clone()])
        .collect();
    let split =
        |(series, _): &(String, String)| Split::of_series(series, benchmark.contains(series));
    let mut seen = BTreeSet::new();
    let link = |row: raw::Pair| {
        let pair = Pair {
            set: row.set,
            split: Split::of_pair(row.set, split(&row.base), split(&row.target)),
            class: row.class,
            base: find(&row.base)?,
            target: find(&row.target)?,
            peers: Peers {
                best: row.best,
                best_on_device: row.best_on_device,
                zstd_patch: row.zstd_patch,
                bsdiff_patch: row.bsdiff_patch,
                xz_target: row.xz_target,
            },
            note: row.note,
        };
        if !seen.insert((row.base, row.target)) {
            return Err(ManifestError::Duplicate(pair.to_string()));
        }
        Ok(pair)
    };
    rows.into_iter().map(link).collect()
}
