# The interface's name is the kernel's choice, and differs between instance types: its MAC address tells it.
find_interface() {
  local file
  for file in "$SYS_NET"/*/address; do
    if [[ "$(cat "$file" 2>/dev/null)" == "$ENI_MAC" ]]; then
      basename "$(dirname "$file")"
      return 0
    fi
  done
  return 1
}

# Fails for as long as the former instance holds the interface.
attach_once() {
  local instance answer
  if find_interface >/dev/null; then return 0; fi
  instance="$(imds instance-id)" || return 1
  if answer="$(aws ec2 attach-network-interface --region "$REGION" --network-interface-id "$ENI_ID" \
    --instance-id "$instance" --device-index 1 2>&1)"; then
    log info "Attached $ENI_ID to $instance."
  else
    log warning "$ENI_ID cannot be attached to $instance yet: $answer"
    return 1
  fi
}

# Sets INTERFACE, ADDRESS and SUBNET.
attach() {
  local path="network/interfaces/macs/$ENI_MAC"
  retry 60 5 attach_once
  retry 30 2 find_interface >/dev/null
  INTERFACE="$(find_interface)"
  # The metadata service knows of a new attachment some seconds later.
  ADDRESS="$(retry 30 2 imds "$path/local-ipv4s")"
  ADDRESS="${ADDRESS%%$'\n'*}"
  SUBNET="$(retry 30 2 imds "$path/subnet-ipv4-cidr-block")"
}
