/** Whether a server runs on this machine: `localhost`, 127.0.0.0/8 or `[::1]`, as `URL` writes them. */
export function isLoopback({ hostname }: { readonly hostname: string }): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}
