import { Buffer } from 'node:buffer'

/** What a process says of itself to all that share a group with it. */
export interface Announcement {
  /** Name of its presence queue: it exists as long as the broker believes in the connection. */
  readonly id: string
  /** For people who look at it. */
  readonly client: string
  /** It has just come and wants to be answered. */
  readonly hello: boolean
  /** Somebody wants to know what we have not heard for a while: answered to this queue alone. */
  readonly askedBy: string | undefined
  /** Owned partitions of each group that it takes part in. */
  readonly groups: ReadonlyMap<string, readonly number[]>
  /** Groups that it is leaving: it gets nothing more, and what it still owns it is letting go. */
  readonly leaving: ReadonlySet<string>
}

const version = 1

export function writeAnnouncement({ id, client, hello, askedBy, groups, leaving }: Announcement): Buffer {
  const body = {
    v: version,
    id,
    client,
    ...(hello ? { hello } : {}),
    ...(askedBy === undefined ? {} : { askedBy }),
    groups: Object.fromEntries(groups),
    leaving: [...leaving],
  }
  return Buffer.from(JSON.stringify(body))
}

/** `undefined` for what is no announcement: anybody may publish to an exchange. */
export function readAnnouncement(content: Uint8Array): Announcement | undefined {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('utf8'))
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { v, id, client, hello, askedBy, groups, leaving } = value as Readonly<Record<string, unknown>>
  if (v !== version || typeof id !== 'string' || typeof groups !== 'object' || groups === null) return undefined
  const owned = new Map<string, readonly number[]>()
  for (const [key, partitions] of Object.entries(groups)) {
    if (!Array.isArray(partitions)) return undefined
    owned.set(
      key,
      partitions.filter((one: unknown): one is number => Number.isInteger(one) && (one as number) >= 0),
    )
  }
  return {
    id,
    client: typeof client === 'string' ? client : '',
    hello: hello === true,
    askedBy: typeof askedBy === 'string' ? askedBy : undefined,
    groups: owned,
    leaving: new Set(Array.isArray(leaving) ? leaving.filter((one): one is string => typeof one === 'string') : []),
  }
}
