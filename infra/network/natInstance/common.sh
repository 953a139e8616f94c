set -Eeuo pipefail

# Settings with defaults: tests lead every path elsewhere.
: "${IMDS:=http://169.254.169.254/latest}"
: "${SYS_NET:=/sys/class/net}"
: "${MEMINFO:=/proc/meminfo}"
: "${FSTAB:=/etc/fstab}"
: "${SWAP_FILE:=/swapfile}"
: "${PROGRAM:=/usr/local/sbin/slipway-nat}"
: "${BOOT_HOOK:=/usr/local/sbin/slipway-nat-boot-hook}"
: "${UNITS:=/etc/systemd/system}"
: "${NETWORKD:=/etc/systemd}"
# In memory: what it says is true since boot.
: "${STATE:=/run/slipway-nat}"
# The routing table of what arrives on the interface, and the priority of the rules that lead to it.
: "${ROUTE_TABLE:=7317}"

# log PRIORITY MESSAGE
log() {
  logger --tag slipway-nat --priority "user.$1" -- "$2"
}

# retry ATTEMPTS SECONDS COMMAND…
retry() {
  local attempts="$1" seconds="$2" attempt
  shift 2
  for ((attempt = 1; attempt <= attempts; attempt++)); do
    if "$@"; then return 0; fi
    log warning "Attempt $attempt of $attempts failed: $*"
    if ((attempt < attempts)); then sleep "$seconds"; fi
  done
  log err "Gave up after $attempts attempts: $*"
  return 1
}

# imds PATH: what the instance metadata service (version 2) says.
imds() {
  local token
  token="$(curl --silent --show-error --fail --max-time 5 --request PUT \
    --header "X-aws-ec2-metadata-token-ttl-seconds: 60" "$IMDS/api/token")" || return 1
  curl --silent --show-error --fail --max-time 5 --header "X-aws-ec2-metadata-token: $token" "$IMDS/meta-data/$1"
}
