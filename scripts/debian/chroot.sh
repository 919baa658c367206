# A clean Debian 12 in a folder, for scripts/installed and scripts/fresh, which source this. Root only; what it mounts
# ends with the mount namespace that the caller made.

# Makes the clean system once for each user, from the mirror that this machine's own apt uses; says where it lies.
clean_debian() {
  local cache=${XDG_CACHE_HOME:-$HOME/.cache}/floodmark tar folder mirror
  tar=$cache/bookworm-minbase.tar
  mkdir -p "$cache"
  # Whoever comes second waits for the first.
  exec 9>"$cache/lock"
  flock 9
  if [ ! -e "$tar" ]; then
    mirror=$(apt-get indextargets --format '$(SITE)' 'Identifier: Packages' 'Origin: Debian' 'Codename: bookworm' | head -n 1)
    [ -n "$mirror" ] ||
      mirror=$(apt-get indextargets --format '$(SITE)' 'Identifier: Packages' 'Origin: Debian' | grep -v security | head -n 1)
    [ -n "$mirror" ] || {
      echo "no Debian mirror among the sources of apt; add one, or run apt-get update" >&2
      return 1
    }
    folder=$(mktemp -d "$cache/new.XXXXXX")
    debootstrap --variant=minbase bookworm "$folder/root" "$mirror" >"$folder/log" 2>&1 || {
      tail -n 5 "$folder/log" >&2
      return 1
    }
    rm -rf "$folder"/root/var/cache/apt/archives/*.deb
    tar -C "$folder/root" -cf "$folder/tar" .
    mv "$folder/tar" "$tar"
    rm -rf "$folder"
  fi
  exec 9>&-
  echo "$tar"
}

# Unpacks it into the folder $1 and mounts what a program expects: proc, sys, devices, run.
enter_debian() {
  local root=$1 tar device
  tar=$(clean_debian)
  mkdir -p "$root"
  # A mount of its own, so that programs inside see a root that is one.
  mount --bind "$root" "$root"
  tar -C "$root" -xf "$tar"
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys"
  mount -t tmpfs -o mode=755,size=64m tmpfs "$root/run"
  mount -t tmpfs -o mode=755,size=1m tmpfs "$root/dev"
  for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
  done
  mkdir "$root/dev/shm" "$root/dev/pts"
  # Packages start nothing by themselves here.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
}
