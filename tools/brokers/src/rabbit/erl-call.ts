import { BrokerError } from '../broker-error.js'
import { run } from '../process/run.js'
import type { RabbitSite } from './site.js'

let calls = 0

/**
 * Has a node evaluate Erlang, in about 30 ms, where rabbitmqctl takes a second. A program of its own, so that heartbeats of
 * this process go on meanwhile.
 *
 * @param expressions separated by commas; the last one's value has to be text: a list of characters or a binary
 * @returns that text
 * @throws BrokerError `FAILED` when the node does not answer or an expression fails
 */
export async function erlCall(site: RabbitSite, node: string, expressions: string, timeoutMs: number): Promise<string> {
  calls += 1
  // A name of its own for each call: of two that come at once under one name the node turns one away.
  const name = `sluice${process.pid}x${calls}`
  const args = ['-sname', node, '-c', site.cookie, '-h', name, '-e']
  const input = `${packed(expressions)}.\n`
  const output = await run(site.programs.erlCall, args, { env: { ...site.env }, input, timeoutMs })
  if (!output.startsWith('{ok, ')) {
    throw new BrokerError('FAILED', `${node} could not evaluate\n${expressions}\n${output.trim()}`)
  }
  const base64 = [...output.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? '').join('')
  return Buffer.from(base64, 'base64').toString('utf8')
}

/** The program prints quotes inside of texts as they are and long texts as numbers, so it gets short texts without quotes. */
function packed(expressions: string): string {
  return `begin
  Split = fun Split([]) -> []; Split(Text) ->
    {Now, Later} = lists:split(min(30000, length(Text)), Text), [Now | Split(Later)] end,
  Split(base64:encode_to_string(unicode:characters_to_binary(begin ${expressions}
  end)))
end`
}
