// The official clients know only https://<name>.<domain>: here their requests go to the server under test.
export function redirect(domain, base) {
  const target = new URL(base)
  const native = globalThis.fetch
  globalThis.fetch = (input, init) => {
    const request = input instanceof Request ? input : null
    const url = new URL(request ? request.url : input)
    if (!url.hostname.endsWith(`.${domain}`)) return native(input, init)
    url.protocol = target.protocol
    url.hostname = target.hostname
    url.port = target.port
    return native(request ? new Request(url, request) : url, init)
  }
}
