export { BrokerError } from './broker-error.js'
export type { BrokerErrorCode } from './broker-error.js'
export { startKafka } from './kafka/start-kafka.js'
export type { Kafka } from './kafka/kafka.js'
export type { KafkaNode } from './kafka/node.js'
export type { KafkaListener, KafkaOptions, KafkaUser } from './kafka/options.js'
export { locate, whyMissing } from './locate/locate.js'
export type { BrokerName, KafkaPrograms, RabbitPrograms, RedisPrograms } from './locate/locate.js'
export { until } from './process/until.js'
export type { UntilOptions } from './process/until.js'
export { binary } from './rabbit/erlang.js'
export { startRabbit } from './rabbit/start-rabbit.js'
export type { Rabbit } from './rabbit/rabbit.js'
export type { ChannelName, RabbitControls } from './rabbit/controls.js'
export type { Evaluator } from './rabbit/evaluator.js'
export type { RabbitLeaders } from './rabbit/leaders.js'
export type {
  BindingView,
  ChannelView,
  ConnectionView,
  ConsumerView,
  ExchangeView,
  QueueView,
  RabbitLook,
} from './rabbit/look.js'
export type { RabbitNode } from './rabbit/node.js'
export type { RabbitOptions, RabbitUser } from './rabbit/options.js'
export type { RabbitPartitions } from './rabbit/partitions.js'
export { startRedis } from './redis/start-redis.js'
export type { Redis, RedisOptions } from './redis/redis.js'
export type { RedisReply } from './redis/reply.js'
