import type { MicroserviceOptions, RmqContext, RmqOptions } from '@nestjs/microservices'
import type { Handle } from '../../../broker/client.js'
import type { Document } from '../../../broker/document.js'
import { prefetch, publishWindow, type Client } from './client.js'
import { keepInFlight } from './in-flight.js'

const pattern = 'document'

/** @nestjs/microservices with its transport for RabbitMQ, on amqp-connection-manager. Its messages have an envelope in JSON of their own. */
export async function loadNest(): Promise<Client> {
  await import('reflect-metadata')
  const { NestFactory } = await import('@nestjs/core')
  const { ClientProxyFactory } = await import('@nestjs/microservices')
  const { lastValueFrom } = await import('rxjs')
  return {
    openPublisher: async ({ url, name, documentOf }) => {
      const client = ClientProxyFactory.create(await optionsOf(url, name, { persistent: true }))
      const send = (document: Document): Promise<unknown> =>
        lastValueFrom(client.emit(pattern, document), { defaultValue: undefined })
      await client.connect()
      return {
        queue: name,
        publish: (messages) => keepInFlight(publishWindow, messages, (index) => send(documentOf(index))),
        send,
        close: async () => {
          await client.close()
        },
      }
    },

    openConsumer: async ({ url, name }, handle) => {
      const service = await NestFactory.createMicroservice<MicroserviceOptions>(await moduleOf(handle), {
        ...(await optionsOf(url, name, { noAck: false, prefetchCount: prefetch })),
        logger: false,
      })
      await service.listen()
      return { settled: async () => {}, close: () => service.close() }
    },
  }
}

async function optionsOf(url: string, queue: string, more: RmqOptions['options']): Promise<RmqOptions> {
  const { Transport } = await import('@nestjs/microservices')
  const socketOptions = { connectionOptions: { noDelay: true } }
  return {
    transport: Transport.RMQ,
    // The queue is there already.
    options: { urls: [url], queue, noAssert: true, socketOptions, ...more },
  }
}

/** What `@Module` and `@Controller` make of classes; without their syntax, which the sources here cannot have. */
async function moduleOf(handle: Handle): Promise<new () => object> {
  const { Controller, Module } = await import('@nestjs/common')
  const { Ctx, EventPattern, Payload } = await import('@nestjs/microservices')
  class Documents {
    async handle(document: Document, context: RmqContext): Promise<void> {
      await handle(document)
      const channel = context.getChannelRef() as { ack(message: unknown): void }
      channel.ack(context.getMessage())
    }
  }
  const method = Object.getOwnPropertyDescriptor(Documents.prototype, 'handle') ?? {}
  EventPattern(pattern)(Documents.prototype, 'handle', method)
  Payload()(Documents.prototype, 'handle', 0)
  Ctx()(Documents.prototype, 'handle', 1)
  Controller()(Documents)
  // oxlint-disable-next-line typescript/no-extraneous-class -- the framework makes an object of it
  class Application {}
  Module({ controllers: [Documents] })(Application)
  return Application
}
