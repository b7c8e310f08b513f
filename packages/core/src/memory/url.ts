import { show } from '../errors/check-options.js'
import { SluiceError } from '../errors/sluice-error.js'
import { printable } from '../errors/text-of.js'
import { brokerNamePattern } from './broker-options.js'
import { memoryLikes, type MemoryLike } from './like.js'

/** What a `memory:` URL can say. */
export interface MemoryUrlOptions {
  readonly name?: string
  readonly like?: MemoryLike
  readonly partitions?: number
}

/**
 * Reads `memory:`, `memory:<name>` and `memory:?like=log&partitions=4`; `memory://<name>` means the same.
 * @throws SluiceError INVALID_CONFIGURATION naming the field
 */
export function parseMemoryUrl(url: string): MemoryUrlOptions {
  const match = /^memory:(?:\/\/)?([^?#]*)(?:\?([^#]*))?$/i.exec(url)
  if (match === null) throw wrong('url', 'must look like memory:, memory:<name> or memory:<name>?like=log&partitions=4')
  const [, name = '', query = ''] = match
  if (name !== '' && !brokerNamePattern.test(name)) {
    throw wrong('name', 'of a memory URL may have only letters, digits, "-", "_" and ".", and 100 of them')
  }
  const options: { name?: string; like?: MemoryLike; partitions?: number } = {}
  if (name !== '') options.name = name
  const seen = new Set<string>()
  for (const [field, value] of new URLSearchParams(query)) {
    if (seen.has(field)) throw wrong(field, 'stands twice in the URL')
    seen.add(field)
    if (field === 'like') options.like = parseLike(value)
    else if (field === 'partitions') options.partitions = parsePartitions(value)
    else throw wrong(printable(field), 'is not known in a memory URL. Known: like, partitions')
  }
  return options
}

function parseLike(value: string): MemoryLike {
  const like = memoryLikes.find((one) => one === value)
  if (like === undefined) throw wrong('like', `must be one of ${memoryLikes.join(', ')}, got ${show(value)}`)
  return like
}

function parsePartitions(value: string): number {
  const partitions = /^\d{1,4}$/.test(value) ? Number(value) : 0
  if (partitions < 1 || partitions > 1_024)
    throw wrong('partitions', `must be a whole number from 1 to 1024, got ${show(value)}`)
  return partitions
}

function wrong(field: string, text: string): SluiceError {
  return new SluiceError('INVALID_CONFIGURATION', `${field} ${text}`, { field })
}
