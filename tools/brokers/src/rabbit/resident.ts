import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { BrokerError } from '../broker-error.js'

/** Evaluates through a program that costs about 30 ms each time. */
export type FirstEvaluator = (expressions: string, timeoutMs: number) => Promise<string>

const headBytes = 4
const answered = 1

/**
 * Has a node evaluate Erlang over a loopback socket that the node itself serves once it was asked to: in about a millisecond. It is
 * asked again after a restart, which is when nobody answers on the old port.
 */
export class ResidentEvaluator {
  readonly #first: FirstEvaluator
  readonly #token = randomBytes(16).toString('hex')
  #port: Promise<number> | undefined

  constructor(first: FirstEvaluator) {
    this.#first = first
  }

  /** The node has ended. */
  forget(): void {
    this.#port = undefined
  }

  /**
   * @param expressions the last one's value has to be text: a list of characters or a binary
   * @throws BrokerError `FAILED` when the node does not answer or an expression fails
   */
  async call(expressions: string, timeoutMs: number): Promise<string> {
    this.#port ??= this.#serve(timeoutMs)
    const port = this.#port
    try {
      return await ask(await port, `${this.#token}${expressions}.`, timeoutMs)
    } catch (error) {
      if (this.#port === port && !(error instanceof EvaluationError)) this.#port = undefined
      if (error instanceof EvaluationError)
        throw new BrokerError('FAILED', `the node could not evaluate\n${expressions}\n${error.message}`)
      throw error
    }
  }

  async #serve(timeoutMs: number): Promise<number> {
    return Number(await this.#first(server(this.#token), timeoutMs))
  }
}

/** The node has answered that it could not. */
class EvaluationError extends Error {}

/** Each question on a connection of its own, so that a slow one holds up no other. */
function ask(port: number, question: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown): void => {
      socket.destroy()
      reject(new BrokerError('FAILED', `the node did not answer: ${why}`, { cause }))
    }
    const socket = connect({ host: '127.0.0.1', port })
    const timer = setTimeout(() => fail(`nothing within ${timeoutMs} ms`), timeoutMs)
    const chunks: Buffer[] = []
    socket.on('connect', () => {
      const text = Buffer.from(question, 'utf8')
      const head = Buffer.alloc(headBytes)
      head.writeUInt32BE(text.length)
      socket.write(Buffer.concat([head, text]))
    })
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', (error) => fail(error.message, error))
    socket.on('close', () => {
      clearTimeout(timer)
      const bytes = Buffer.concat(chunks)
      if (bytes.length <= headBytes || bytes.length !== headBytes + bytes.readUInt32BE(0)) return fail('it hung up')
      const text = bytes.toString('utf8', headBytes + 1)
      if (bytes[headBytes] === answered) resolve(text)
      else reject(new EvaluationError(text))
    })
  })
}

/** Starts the server inside the node; the value is its port. It ends with the node. */
const server = (token: string): string => `
Token = <<"${token}">>,
Evaluate = fun(Text) ->
  try
    {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list(Text)),
    {ok, Expressions} = erl_parse:parse_exprs(Tokens),
    {value, Value, _} = erl_eval:exprs(Expressions, []),
    [${answered}, unicode:characters_to_binary(Value)]
  catch Class:Reason -> [0, unicode:characters_to_binary(io_lib:format("~0tp", [{Class, Reason}]))] end end,
Answer = fun(Socket) ->
  case gen_tcp:recv(Socket, 0, 10000) of
    {ok, <<Token:${token.length}/binary, Text/binary>>} -> gen_tcp:send(Socket, Evaluate(Text));
    _ -> ok end,
  gen_tcp:close(Socket) end,
Accept = fun Accept(Listener) ->
  {ok, Socket} = gen_tcp:accept(Listener),
  Child = spawn(fun() -> receive go -> Answer(Socket) end end),
  ok = gen_tcp:controlling_process(Socket, Child),
  Child ! go,
  Accept(Listener) end,
Self = self(),
spawn(fun() ->
  group_leader(whereis(user), self()),
  {ok, Listener} = gen_tcp:listen(0, [binary, {packet, 4}, {active, false}, {ip, {127, 0, 0, 1}}, {backlog, 128}]),
  {ok, Port} = inet:port(Listener),
  Self ! {sluice_port, Port},
  Accept(Listener) end),
receive {sluice_port, Port} -> integer_to_list(Port) end`
