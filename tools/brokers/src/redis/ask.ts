import { connect } from 'node:net'
import { BrokerError } from '../broker-error.js'
import { encodeCommand, parseReply, type RedisReply } from './reply.js'

/**
 * One command on a connection of its own.
 *
 * @throws BrokerError `FAILED` when Redis does not answer in time, or answers with an error
 */
export function ask(port: number, words: readonly string[], timeoutMs = 30_000): Promise<RedisReply> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let received = Buffer.alloc(0)
    const fail = (why: string): void => {
      socket.destroy()
      reject(new BrokerError('FAILED', `Redis, ${words.join(' ')}: ${why}`))
    }
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs)
    socket.on('connect', () => socket.write(encodeCommand(words)))
    socket.on('error', (error) => fail(error.message))
    socket.on('close', () => {
      clearTimeout(timer)
      fail('the connection was closed')
    })
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes])
      const parsed = parseReply(received)
      if (parsed === undefined) return
      if (parsed.reply instanceof Error) return fail(parsed.reply.message)
      resolve(parsed.reply)
      socket.destroy()
    })
  })
}
