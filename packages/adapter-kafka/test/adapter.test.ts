import { silentLogger } from '@sluice/core/spi'
import { describe, expect, it, vi } from 'vitest'
import { KafkaAdapter } from '../src/adapter.js'
import { resolveOptions } from '../src/options.js'
import { KafkaError } from '../src/wire/kafka-error.js'
import { FakeKafka } from './fake-cluster.js'
import { atEnd, openOn, soon } from './open-on.js'

const unreachable = (): KafkaError => new KafkaError('connection refused', { kind: 'io', errno: 'ECONNREFUSED' })

function unopened(kafka: FakeKafka, states: string[] = []) {
  const adapter = new KafkaAdapter(resolveOptions({}), kafka)
  atEnd(() => adapter.close(soon()))
  const context = {
    ...{ clientName: 'test', clock: kafka.clock, log: silentLogger, routeChanged: () => undefined },
    state: (side: string, state: string, cause?: { readonly code: string }): void =>
      void states.push(`${side} ${state}${cause === undefined ? '' : ` ${cause.code}`}`),
  }
  return { adapter, open: (signal: AbortSignal) => adapter.open(context, signal), states }
}

describe('open', () => {
  it('tries again until the cluster is there', async () => {
    const kafka = new FakeKafka()
    kafka.trouble = unreachable()
    const { open, states } = unopened(kafka)
    const opening = open(soon())
    await vi.waitFor(() => expect(states).toContain('publish lost DISCONNECTED'))
    kafka.trouble = undefined
    await opening
    expect(states.slice(-2)).toEqual(['publish ready', 'consume ready'])
  })

  it('rejects at once where only a person can help, else when its time is up, with the reason', async () => {
    const kafka = new FakeKafka()
    kafka.trouble = new KafkaError('wrong password', { kind: 'credentials' })
    await expect(unopened(kafka).open(soon())).rejects.toMatchObject({ code: 'DENIED', fatal: true })
    kafka.trouble = unreachable()
    await expect(unopened(kafka).open(AbortSignal.timeout(50))).rejects.toMatchObject({ code: 'DISCONNECTED' })
  })

  it('ends when the adapter is closed meanwhile', async () => {
    const kafka = new FakeKafka()
    kafka.trouble = unreachable()
    const { adapter, open } = unopened(kafka)
    const opening = expect(open(soon())).rejects.toMatchObject({ code: 'CLOSED' })
    await adapter.close(soon())
    await opening
    await expect(open(soon())).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

describe('an open adapter', () => {
  it('says when the cluster is gone, and when it is back', async () => {
    const kafka = new FakeKafka()
    const { states } = await openOn(kafka)
    expect(states.splice(0)).toEqual(['publish connecting', 'consume connecting', 'publish ready', 'consume ready'])
    kafka.trouble = unreachable()
    await vi.waitFor(() => expect(states).toEqual(['publish lost DISCONNECTED', 'consume lost DISCONNECTED']))
    kafka.trouble = undefined
    await vi.waitFor(() => expect(states.slice(2)).toEqual(['publish ready', 'consume ready']))
  })

  it('says so too when the cluster only falls silent', async () => {
    const kafka = new FakeKafka()
    const { states } = await openOn(kafka)
    kafka.answer = () => new Promise(() => undefined)
    await vi.waitFor(() => expect(states.at(-1)).toBe('consume lost TIMEOUT'))
  })

  it('is closed as often as one likes, and refuses everything then', async () => {
    const { adapter } = await openOn(new FakeKafka())
    await Promise.all([adapter.close(soon()), adapter.close(soon())])
    const closed = { code: 'CLOSED' }
    await expect(adapter.route('orders', soon())).rejects.toMatchObject(closed)
    await expect(adapter.provision({ topics: [] }, 'verify', soon())).rejects.toMatchObject(closed)
  })
})
