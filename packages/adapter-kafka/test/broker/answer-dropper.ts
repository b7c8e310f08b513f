import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface AnswerDropper {
  readonly port: number
  /** The next so many requests of this kind are passed on, and their connections end instead of an answer. */
  drop(apiKey: number, count: number): void
  /** The next request of this kind stands still on its way, and its connection with it. Returns what lets it go on, also when nobody waits for it any more, until the node has answered. */
  hold(apiKey: number): () => Promise<void>
  close(): void
}

/** Stands between a client and a node, and knows where a request of Kafka begins. */
export async function startAnswerDropper(to: number): Promise<AnswerDropper> {
  let dropping = { apiKey: -1, count: 0 }
  let holding = -1
  let release = (): Promise<void> => Promise.reject(new Error('nothing is held'))
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const node = connect(to, '127.0.0.1')
    const dropped = new Set<number>()
    let held: Buffer[] | undefined
    let answered = (): void => undefined
    for (const socket of [client, node]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        client.destroy()
        if (held === undefined) node.destroy()
      })
    }
    eachFrame(client, (frame) => {
      if (held === undefined && frame.readInt16BE(4) === holding) {
        holding = -1
        const mine: Buffer[] = []
        held = mine
        release = () =>
          new Promise((resolve) => {
            held = undefined
            answered = resolve
            node.once('close', resolve)
            for (const one of mine) node.write(one)
          })
      }
      if (held !== undefined) {
        held.push(frame)
        return
      }
      if (frame.readInt16BE(4) === dropping.apiKey && dropping.count > 0) {
        dropping.count -= 1
        dropped.add(frame.readInt32BE(8))
      }
      node.write(frame)
    })
    eachFrame(node, (frame) => {
      answered()
      if (dropped.has(frame.readInt32BE(4))) client.destroy()
      else client.write(frame)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    drop: (apiKey, count) => void (dropping = { apiKey, count }),
    hold: (apiKey) => {
      holding = apiKey
      return () => release()
    },
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** With its length. */
function eachFrame(socket: Socket, take: (frame: Buffer) => void): void {
  let rest = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const end = 4 + rest.readInt32BE(0)
      take(rest.subarray(0, end))
      rest = rest.subarray(end)
    }
  })
}
