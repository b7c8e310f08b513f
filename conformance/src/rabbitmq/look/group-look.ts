import { binary, type Rabbit } from '@sluice/brokers'
import { escapePattern } from '../../escape-pattern.js'

/** What the broker holds of one group. */
export interface GroupHolding {
  /** Messages that wait, those with a delay included. */
  readonly waiting: number
  /** Messages that are handed out. */
  readonly handedOut: number
}

/** The queues of a group: one, or one for each partition. */
export const groupPattern = (topic: string, group: string): string =>
  `^${escapePattern(`${topic}.${group}`)}(:[0-9]+)?$`

/** The queues of all groups of a topic that hold messages to handle. */
export const topicPattern = (topic: string): string => `^${escapePattern(topic)}\\.[^.:]+(:[0-9]+)?$`

/** What is delayed waits here for its queue. */
const delayPattern = '^sluice\\.delay\\.[0-9]+$'

/** Waiting and handed out, as the leaders of the queues count it. */
export async function lookAtGroup(rabbit: Rabbit, topic: string, group: string): Promise<GroupHolding> {
  const pattern = groupPattern(topic, group)
  const [waiting, handedOut] = (await rabbit.query(holdingExpression(pattern))) as [number, number]
  const keys = (await rabbit.query(peekExpression(delayPattern, 'lists:last(RoutingKeys)'))) as string[]
  const isOfGroup = new RegExp(pattern)
  return { waiting: waiting + keys.filter((key) => isOfGroup.test(targetOf(key))).length, handedOut }
}

/** Ids of the messages that wait in the queues, queue by queue, oldest first. */
export async function idsIn(rabbit: Rabbit, pattern: string): Promise<readonly string[]> {
  return (await rabbit.query(peekExpression(pattern, 'Id'))) as string[]
}

export const deadLetterPattern = (topic: string, group: string): string =>
  `^${escapePattern(`${topic}.${group}`)}\\.dlq$`

/** The queue that a delayed message goes to, from its routing key: the last word, in which dots are written as slashes. */
function targetOf(routingKey: string): string {
  return routingKey.slice(routingKey.lastIndexOf('.') + 1).replaceAll('/', '.')
}

const queuesExpression = (pattern: string): string => `
  Queues = [Queue || Queue <- rabbit_amqqueue:list(<<"/">>),
    re:run(element(4, amqqueue:get_name(Queue)), ${binary(pattern)}, [{capture, none}]) =:= match],`

const holdingExpression = (pattern: string): string => `
  ${queuesExpression(pattern)}
  Count = fun(State) -> {rabbit_fifo:query_messages_ready(State), rabbit_fifo:query_messages_checked_out(State)} end,
  Counts = [begin {ok, {_, Of}, _} = ra:leader_query(amqqueue:get_pid(Queue), Count, 5000), Of end || Queue <- Queues],
  [lists:sum([Ready || {Ready, _} <- Counts]), lists:sum([Out || {_, Out} <- Counts])]`

/** Looks at messages where they lie, which changes nothing. */
const peekExpression = (pattern: string, what: string): string => `
  ${queuesExpression(pattern)}
  Show = fun({basic_message, _, RoutingKeys, Content, _, _}) ->
    Properties = element(3, rabbit_binary_parser:ensure_content_decoded(Content)),
    Id = case element(10, Properties) of undefined -> <<>>; Given -> Given end,
    _ = {RoutingKeys, Id},
    ${what} end,
  Peek = fun Peek(Leader, Position) ->
    case ra:aux_command(Leader, {peek, Position}) of
      {ok, {_, Message}} -> [Show(Message) | Peek(Leader, Position + 1)];
      _ -> [] end end,
  lists:append([Peek(amqqueue:get_pid(Queue), 1) || Queue <- lists:keysort(2, Queues)])`
