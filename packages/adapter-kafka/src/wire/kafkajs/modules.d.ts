/** What Sluice uses of kafkajs 2.2.4 beneath its own API: how requests and answers are written. */
declare module 'kafkajs/src/protocol/requests/index.js' {
  export interface Definition {
    readonly versions: readonly string[]
    protocol(version: { readonly version: number }): (options: object) => {
      readonly request: {
        readonly apiKey: number
        readonly apiVersion: number
        readonly apiName: string
        encode(): Promise<{ readonly buffer: Buffer }>
      }
      readonly response: { decode(payload: Buffer): Promise<unknown> }
    }
  }
  const protocol: { readonly requests: Readonly<Record<string, Definition>> }
  export default protocol
}

declare module 'kafkajs/src/broker/saslAuthenticator/index.js' {
  import type { SASLOptions } from 'kafkajs'

  interface Protocol {
    readonly request: unknown
    readonly response: unknown
  }
  interface Logger {
    namespace(): Logger
    debug(): void
    info(): void
    warn(): void
    error(): void
  }
  export default class SASLAuthenticator {
    /** How long the broker lets the connection live on it, as text; '0' = as long as it likes. */
    readonly sessionLifetime: string
    constructor(
      connection: { sasl: SASLOptions; host: string; port: number; send(protocol: Protocol): Promise<unknown> },
      logger: Logger,
      versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>>,
      supportAuthenticationProtocol: boolean,
    )
    authenticate(): Promise<void>
  }
}
