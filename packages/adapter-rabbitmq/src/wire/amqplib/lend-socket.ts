import net, { type Socket } from 'node:net'

/**
 * Lets amqplib use a socket that is connected already. It has no option for that: it makes its own, and hands it out only after the
 * handshake, too late for an own deadline, for errors of TLS, for a frame that follows at once, or for an end of a broken attempt.
 *
 * So for the one synchronous call in which amqplib makes its socket, `net.connect` gives it this one. Nothing else can run meanwhile.
 * @throws Error when amqplib did not ask for a socket
 */
export function lendSocket(socket: Socket, run: () => void): void {
  const { connect } = net
  let onConnect: (() => void) | undefined
  const lend = (_options: unknown, listener: () => void): Socket => {
    onConnect = listener
    return socket
  }
  Reflect.set(net, 'connect', lend)
  try {
    run()
  } finally {
    Reflect.set(net, 'connect', connect)
  }
  if (onConnect === undefined) throw new Error('this version of amqplib makes its socket in another way')
  onConnect()
}
