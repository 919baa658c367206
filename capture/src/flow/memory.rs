//! Hints about memory: a cache line that is needed soon, a table that is read at random.
//!
//! An island of unsafe outside `ring`: both calls take pointers, and neither changes what a program can see.

/// Starts to load the line that holds `value`.
#[inline(always)]
#[allow(unsafe_code)]
pub fn prefetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the pointer comes from a live reference; a prefetch has no effect on memory and cannot fault.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(std::ptr::from_ref(value).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}

/// The page size of every supported machine divides it; advice is given for whole units only.
const UNIT: usize = 64 << 10;

/// Asks for huge pages under the whole capacity of `memory`, before it is touched: a table that is read at random else
/// misses the translation cache at each look-up (a flood of new sources took 74 ns a packet with huge pages switched on
/// for the whole machine, 83 without, in runs a minute apart). A kernel without them refuses; small pages do too.
#[allow(unsafe_code)]
pub fn huge_pages<T>(memory: &Vec<T>) {
    let begin = (memory.as_ptr() as usize).next_multiple_of(UNIT);
    let end = memory.as_ptr() as usize + memory.capacity() * size_of::<T>();
    if let Some(length) = end.checked_sub(begin).filter(|length| *length >= UNIT) {
        // SAFETY: the range lies inside one live allocation; this advice changes neither its content nor its rights.
        unsafe {
            libc::madvise(begin as *mut libc::c_void, length / UNIT * UNIT, libc::MADV_HUGEPAGE);
        }
    }
}
