import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib'

export interface Client {
  readonly connection: ChannelModel
  readonly channel: ConfirmChannel
  /** Codes and texts of what ended the connection or the channel. */
  readonly errors: string[]
  readonly closed: Promise<void>
  close(): Promise<void>
}

export async function openClient(url: string, name = 'test', options: object = {}): Promise<Client> {
  const connection = await connect(url, {
    noDelay: true,
    timeout: 30_000,
    clientProperties: { connection_name: name },
    ...options,
  })
  const errors: string[] = []
  const note = (error: unknown): void => void errors.push(error instanceof Error ? error.message : String(error))
  connection.on('error', note)
  const closed = new Promise<void>((resolve) => {
    // A farewell of the broker is no error to the library; it comes with the end.
    connection.once('close', (error: unknown) => {
      if (error !== undefined) note(error)
      resolve()
    })
  })
  const channel = await connection.createConfirmChannel()
  channel.on('error', note)
  return { connection, channel, errors, closed, close: () => connection.close() }
}

export function send({ channel }: Client, queue: string, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    channel.sendToQueue(queue, Buffer.from(text), { persistent: true }, (error: unknown) =>
      error instanceof Error ? reject(error) : resolve(),
    )
  })
}

/** Everything that waits in a queue, settled. */
export async function takeAll({ channel }: Client, queue: string): Promise<string[]> {
  const texts: string[] = []
  for (;;) {
    const message = await channel.get(queue)
    if (message === false) return texts
    texts.push(message.content.toString())
    channel.ack(message)
  }
}
