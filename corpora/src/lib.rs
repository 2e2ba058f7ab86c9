//! Real firmware images to measure on: manifest, fetcher and loader.
