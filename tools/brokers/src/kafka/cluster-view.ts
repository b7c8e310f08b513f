import { connect } from 'node:net'

/** What a node knows of its cluster. */
export interface ClusterView {
  readonly clusterId: string
  readonly brokers: readonly number[]
  /** -1 while there is none. */
  readonly controller: number
}

const METADATA = 3
const METADATA_VERSION = 4

/**
 * Asks a node for its cluster, without topics; `undefined` when it does not answer in time. A listener alone may belong to a node that is
 * still starting, or to a stranger.
 */
export function viewCluster(port: number, timeoutMs = 2_000): Promise<ClusterView | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let received: Buffer = Buffer.alloc(0)
    const done = (view: ClusterView | undefined): void => {
      socket.destroy()
      resolve(view)
    }
    socket.setTimeout(timeoutMs, () => done(undefined))
    socket.once('error', () => done(undefined))
    socket.once('close', () => done(undefined))
    socket.once('connect', () => socket.write(request))
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes])
      if (received.length < 4 || received.length < 4 + received.readInt32BE(0)) return
      done(readAnswer(received))
    })
  })
}

/** Length, header (key, version, correlation, no client id), no topics, no creation of topics. */
const request = ((): Buffer => {
  const bytes = Buffer.alloc(19)
  bytes.writeInt32BE(bytes.length - 4, 0)
  bytes.writeInt16BE(METADATA, 4)
  bytes.writeInt16BE(METADATA_VERSION, 6)
  bytes.writeInt32BE(1, 8)
  bytes.writeInt16BE(-1, 12)
  bytes.writeInt32BE(0, 14)
  return bytes
})()

function readAnswer(bytes: Buffer): ClusterView | undefined {
  // Behind length, correlation and throttle time.
  let at = 12
  const number = (): number => {
    at += 4
    return bytes.readInt32BE(at - 4)
  }
  const text = (): string => {
    const length = Math.max(0, bytes.readInt16BE(at))
    at += 2 + length
    return bytes.toString('utf8', at - length, at)
  }
  try {
    const brokers: number[] = []
    for (let left = number(); left > 0; left -= 1) {
      brokers.push(number())
      text()
      number()
      text()
    }
    return { brokers, clusterId: text(), controller: number() }
  } catch {
    // Not Kafka.
    return undefined
  }
}
