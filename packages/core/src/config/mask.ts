const hidden = '***'

/** Names of options and URL parameters whose value nobody may read. */
const secretName =
  /pass|pwd|secret|token|credential|private|jaas|api[-_.]?key|access[-_.]?key|authorization|^(key|auth|pfx)$/i

const hosts = /^(\[[\da-f:.]+\]|[\w.-]*)(:\d+)?(,(\[[\da-f:.]+\]|[\w.-]+)(:\d+)?)*$/i
const urls = /[a-z][a-z\d+.-]*:\/\/[^\s"'`<>]+/gi

interface Parts {
  readonly scheme: string
  readonly user: string
  readonly password: string | undefined
  readonly rest: string
}

/** The URL with its password and secret parameters hidden, also when they were not escaped as they should be. */
export function maskUrl(url: string): string {
  const { scheme, user, password, rest } = split(url)
  const credentials = password === undefined ? user : `${user}:${hidden}`
  const shown = rest.replace(parameters, (whole, before: string, name: string) =>
    secretName.test(name) ? `${before}${name}=${hidden}` : whole,
  )
  return `${scheme}${credentials === '' ? '' : `${credentials}@`}${shown}`
}

/** Hides the passwords of all URLs in a text. */
export function maskText(text: string): string {
  return text.replace(urls, (url) => maskUrl(url))
}

/** A configuration as it can be shown: secrets hidden, functions and objects of classes by their names. */
export function printableConfig(config: object): Readonly<Record<string, unknown>> {
  return printable(config, new Set()) as Readonly<Record<string, unknown>>
}

/** Secret texts inside a URL or options, in every form in which they might show up in an error. */
export function secretsOf(url: string, options: unknown): readonly string[] {
  const { password, rest } = split(url)
  const found = new Set<string>()
  if (maskUrl(url) !== url) found.add(url)
  if (password !== undefined) addForms(found, password)
  for (const [, , name = '', value = ''] of rest.matchAll(parameters)) {
    if (secretName.test(name)) addForms(found, value)
  }
  collect(options, found, new Set())
  // Longest first, so that a secret inside another one does not leave the rest of it behind.
  return [...found].sort((a, b) => b.length - a.length)
}

/** Hides these secrets, and passwords in URLs, wherever they stand in a text. */
export function hideSecrets(text: string, secrets: readonly string[]): string {
  let shown = text
  for (const secret of secrets) shown = shown.replaceAll(secret, secret.includes('://') ? maskUrl(secret) : hidden)
  return maskText(shown)
}

const parameters = /([?&;])([^=&;#]*)=([^&;#]*)/g

/**
 * By hand and not by `URL`: what has several hosts or an unescaped character is no `URL`, and is to be shown in an error just then.
 * In doubt the longer part counts as the password.
 */
function split(url: string): Parts {
  // Without slashes, what stands before the first colon of `user:password@host` looks like a scheme.
  const slashes = url.includes('@') ? /^([a-z][a-z\d+.-]*:)?\/\//i : /^([a-z][a-z\d+.-]*:)?(\/\/)?/i
  const scheme = slashes.exec(url)?.[0] ?? ''
  const rest = url.slice(scheme.length)
  const authority = rest.slice(0, lengthUntil(rest, /[/?#]/))
  const complete = authority.includes('@') || hosts.test(authority)
  const query = rest.indexOf('?')
  const searched = complete && query !== -1 && rest.includes('=', query) ? rest.slice(0, query) : rest
  const at = searched.lastIndexOf('@')
  if (at === -1) return { scheme, user: '', password: undefined, rest }
  const userInfo = rest.slice(0, at)
  const colon = userInfo.indexOf(':')
  return {
    scheme,
    user: colon === -1 ? userInfo : userInfo.slice(0, colon),
    password: colon === -1 ? undefined : userInfo.slice(colon + 1),
    rest: rest.slice(at + 1),
  }
}

function lengthUntil(text: string, pattern: RegExp): number {
  const index = text.search(pattern)
  return index === -1 ? text.length : index
}

function printable(value: unknown, above: Set<object>): unknown {
  if (typeof value === 'string') return value.includes('PRIVATE KEY') ? hidden : maskText(value)
  if (typeof value === 'function') return `[function ${value.name || 'without name'}]`
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof URL) return maskUrl(value.href)
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (above.has(value)) return '[circular]'
  const inside = new Set([...above, value])
  if (Array.isArray(value)) return value.map((one) => printable(one, inside))
  const { constructor } = value as { readonly constructor?: unknown }
  if (typeof constructor === 'function' && constructor !== Object) return `[${constructor.name}]`
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shownAs(name, one, inside)]))
}

function shownAs(name: string, value: unknown, above: Set<object>): unknown {
  if (secretName.test(name) && value !== undefined && value !== null && typeof value !== 'boolean') return hidden
  return printable(value, above)
}

/** Everything textual below a secret name, and the secrets of URLs anywhere. */
function collect(value: unknown, found: Set<string>, seen: Set<object>, secret = false): void {
  if (typeof value === 'string') {
    if (secret) addForms(found, value)
    else if (value.includes('://')) for (const one of secretsOf(value, undefined)) found.add(one)
    return
  }
  if (typeof value !== 'object' || value === null || seen.has(value) || ArrayBuffer.isView(value)) return
  seen.add(value)
  for (const [name, one] of Object.entries(value)) collect(one, found, seen, secret || secretName.test(name))
}

/** Escaped and not. One or two characters are too common in any text to be told from it. */
function addForms(found: Set<string>, secret: string): void {
  const forms = [secret, encodeURIComponent(secret.toWellFormed())]
  try {
    forms.push(decodeURIComponent(secret))
  } catch {
    // Not escaped at all.
  }
  for (const form of forms) if (form.length > 2) found.add(form)
}
