import { encodeUtf8, type Outbound } from '@sluice/core/spi'
import { describe, expect, it } from 'vitest'
import { readRecord, writeRecord } from '../src/envelope.js'

function outbound(over: Partial<Outbound> = {}): Outbound {
  return {
    ...{ id: 'm1', key: encodeUtf8('k'), body: encodeUtf8('{}'), type: 'created', correlationId: 'c1' },
    ...{ contentType: 'application/json', timestampMs: 1_700_000_000_123, headers: [], bytes: 200 },
    ...over,
  }
}

describe('a message as a record', () => {
  it('comes back as it was', () => {
    const headers = [
      ['b', '1'],
      ['a', 'größer'],
      ['b', '2'],
      ['raw', Uint8Array.of(0xff, 0xfe)],
    ] as const
    const read = readRecord(writeRecord(outbound({ headers })))
    expect({
      ...read,
      headers: read.headers.map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
    }).toEqual({
      ...{ id: 'm1', key: encodeUtf8('k'), body: encodeUtf8('{}'), type: 'created', correlationId: 'c1' },
      ...{ contentType: 'application/json', timestampMs: 1_700_000_000_123, bytes: read.bytes },
      headers: [
        ['b', '1'],
        ['a', 'größer'],
        ['b', '2'],
        ['raw', [0xff, 0xfe]],
      ],
    })
  })

  it('keeps a header of the application that is called as one of ours', () => {
    const headers = [['content-type', 'theirs']] as const
    expect(readRecord(writeRecord(outbound({ headers })))).toMatchObject({ contentType: 'application/json', headers })
  })

  it('has nothing where there is nothing', () => {
    const read = readRecord(
      writeRecord(outbound({ id: '', key: null, body: null, type: undefined, correlationId: undefined })),
    )
    expect(read).toMatchObject({
      id: undefined,
      key: null,
      body: null,
      type: undefined,
      correlationId: undefined,
      headers: [],
    })
  })

  it('of somebody else is read as far as it goes', () => {
    const foreign = {
      ...{ key: null, value: encodeUtf8('x'), timestampMs: 5 },
      headers: [
        ['trace', encodeUtf8('t')],
        ['none', null],
        ['content-type', encodeUtf8('text/plain')],
        ['content-type', encodeUtf8('text/html')],
        ['sluice-id', Uint8Array.of(0xff)],
      ] as const,
    }
    expect(readRecord(foreign)).toMatchObject({
      id: undefined,
      contentType: 'text/html',
      headers: [
        ['trace', 't'],
        ['content-type', 'text/plain'],
      ],
    })
  })
})
