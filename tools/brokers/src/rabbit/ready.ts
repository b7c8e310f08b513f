import { connect } from 'node:net'

const protocolHeader = Buffer.from('AMQP\u0000\u0000\u0009\u0001', 'latin1')

/** Whether a broker answers at that port in AMQP 0-9-1: a listener alone may belong to one that is still booting. */
export function answersAmqp(port: number, timeoutMs = 1000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const done = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(timeoutMs, () => done(false))
    socket.once('connect', () => socket.write(protocolHeader))
    socket.once('data', () => done(true))
    socket.once('error', () => done(false))
    socket.once('close', () => done(false))
  })
}
