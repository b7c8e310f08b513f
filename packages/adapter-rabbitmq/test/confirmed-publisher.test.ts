import { createSimulatedClock } from '@sluice/core/memory'
import { encodeUtf8 } from '@sluice/core/spi'
import { describe, expect, it } from 'vitest'
import { ConfirmedPublisher } from '../src/confirmed-publisher.js'
import { FakeLink } from './fake-wire.js'

const to = { exchange: '', routingKey: 'records' }
const soon = (): AbortSignal => AbortSignal.timeout(30_000)

describe('what the adapter publishes for itself', () => {
  it('goes over another channel once a queue has refused it, and over the same one until then', async () => {
    const clock = createSimulatedClock()
    const link = new FakeLink()
    await link.up()
    const publisher = new ConfirmedPublisher(link, clock)
    const publish = async (answer: 'ack' | 'nack'): Promise<string> => {
      const before = link.channels.reduce((sum, { published }) => sum + published.length, 0)
      const told = publisher.publish(to, encodeUtf8('{}'), soon()).then(
        () => 'stored',
        (error: unknown) => (error as { readonly code: string }).code,
      )
      await expect.poll(() => link.channels.reduce((sum, { published }) => sum + published.length, 0)).toBe(before + 1)
      link.channel.events.confirmed(link.channel.published.length, false, answer === 'ack')
      return told
    }
    expect([await publish('ack'), await publish('nack'), link.channels.length]).toEqual(['stored', 'REFUSED', 1])
    expect([await publish('ack'), link.channels.length]).toEqual(['stored', 2])
    expect([await publish('ack'), link.channels.length]).toEqual(['stored', 2])
    // The one that refused is closed when nobody waits for it any more.
    await clock.advance(1_000)
    expect(link.channels[0]?.isOpen).toBe(false)
  })
})
