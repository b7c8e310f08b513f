/** As much of it as the bench uses; it has no types of its own. */
declare module 'rascal' {
  import type { EventEmitter } from 'node:events'

  export interface Broker extends EventEmitter {
    publish(publication: string, message: unknown): Promise<EventEmitter>
    subscribe(subscription: string): Promise<EventEmitter>
    shutdown(): Promise<void>
  }

  const rascal: {
    readonly BrokerAsPromised: { create(config: object): Promise<Broker> }
    withDefaultConfig(config: object): object
  }
  export default rascal
}
