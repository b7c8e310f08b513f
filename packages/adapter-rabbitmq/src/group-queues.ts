import type { GroupSpec } from '@sluice/core/spi'
import { DelayQueues } from './delay-queues.js'
import { inParallel } from './in-parallel.js'
import type { Link } from './link.js'
import type { Names } from './names.js'
import type { TopicShape } from './partition-marker.js'
import { compare, ensure, wantedQueue, type Standing, type Wanted } from './standing.js'
import type { QueueOptions, WireChannel } from './wire/port.js'

/** Hand-overs count against it, and the message that has had more is dropped or moved. 0 and less destroy messages before RabbitMQ 4. */
const OUT_OF_REACH = 2_147_483_647
const CHANNELS = 8

/** One queue of a group, and how it is. */
export interface QueueStanding {
  readonly queue: string
  readonly standing: Standing
}

/** For the messages of one partition, or of a whole group without partitions. */
function queueOptions(deadLetterQueue: string, singleActiveConsumer: boolean): QueueOptions {
  return {
    durable: true,
    arguments: {
      'x-queue-type': 'quorum',
      'x-delivery-limit': OUT_OF_REACH,
      // For what the broker itself takes out of the queue, because a policy or an operator says so: the three belong together, and the
      // broker says nothing when it takes "at least once" for less because the queue may overflow.
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': deadLetterQueue,
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
      ...(singleActiveConsumer ? { 'x-single-active-consumer': true } : {}),
    },
  }
}

const deadLetterOptions: QueueOptions = {
  durable: true,
  arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': OUT_OF_REACH },
}

export interface GroupQueuesRequest {
  readonly link: Link
  readonly names: Names
  readonly topic: string
  /** The exchange is somebody else's, and its queues are asked for no key that Sluice chooses. */
  readonly isExistingTopic: boolean
  readonly shape: TopicShape
  readonly group: GroupSpec
}

/**
 * Compares the queues of a group, or makes what is missing of them. The dead letters come first, so that nothing points to a queue that is
 * not there.
 */
export async function standOfGroup(
  request: GroupQueuesRequest,
  make: boolean,
  signal: AbortSignal,
): Promise<readonly QueueStanding[]> {
  const { link } = request
  const stand = async ([queue, wanted]: readonly [string, Wanted]): Promise<QueueStanding> => ({
    queue,
    standing: alsoFine(request, await (make ? ensure : compare)(link, wanted, signal)),
  })
  const letters = await stand(deadLettersOf(request))
  if (make && letters.standing.state === 'differs') return [letters]
  return [letters, ...(await inParallel(queuesOf(request), CHANNELS, stand))]
}

function deadLettersOf({ names, topic, group }: GroupQueuesRequest): readonly [string, Wanted] {
  const queue = names.deadLetters(topic, group.name)
  const wanted = wantedQueue(queue, deadLetterOptions)
  const isExisting = names.existingGroup(topic, group.name)?.deadLetterQueue !== undefined
  return [queue, isExisting ? { check: wanted.check } : wanted]
}

function queuesOf(request: GroupQueuesRequest): readonly (readonly [string, Wanted])[] {
  const { names, topic, shape, group, isExistingTopic } = request
  const nameOf = (partition: number): string => names.queue(topic, group.name, partition, shape.partitioned)
  const letters = names.deadLetters(topic, group.name)
  const options = queueOptions(letters, shape.partitioned || (isExistingTopic && group.order === 'key'))
  if (names.existingGroup(topic, group.name) !== undefined) {
    // Its own bindings are left alone. What is delayed for it would find no way to it without this one.
    return [[nameOf(0), existingQueue(nameOf(0), group.durableDelays)]]
  }
  return Array.from({ length: shape.partitions }, (_, partition) => {
    const queue = nameOf(partition)
    const wanted: Wanted = {
      ...wantedQueue(queue, options),
      complete: (channel) => bindGroupQueue(channel, request, { queue, partition }),
    }
    return [queue, wanted] as const
  })
}

/** Of a queue that Sluice has made. Changes nothing where it is bound. */
export async function bindGroupQueue(
  channel: WireChannel,
  { names, topic, group }: Pick<GroupQueuesRequest, 'names' | 'topic' | 'group'>,
  { queue, partition }: { readonly queue: string; readonly partition: number },
): Promise<void> {
  await channel.bindQueue(queue, names.exchange(topic), names.routingKey(topic, partition))
  if (group.durableDelays) await DelayQueues.bind(channel, queue)
}

function existingQueue(queue: string, delayed: boolean): Wanted {
  const check: Wanted['check'] = (channel) => channel.checkQueue(queue)
  return delayed ? { check, complete: (channel) => DelayQueues.bind(channel, queue) } : { check }
}

/** A group that asks for no order is served by a queue that keeps it. */
function alsoFine({ isExistingTopic, group }: GroupQueuesRequest, standing: Standing): Standing {
  const isOrdered = standing.state === 'differs' && standing.argument === 'x-single-active-consumer'
  return isOrdered && isExistingTopic && group.order === 'none' ? { state: 'present' } : standing
}
