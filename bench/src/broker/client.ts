import type { Document } from './document.js'

/** What an application does with a document that has come. */
export type Handle = (document: Document) => Promise<unknown>

export interface Publisher {
  /** Resolves when so many are stored, of `documentOf` from 0: as many at once as the library is good at. */
  publish(messages: number): Promise<void>
  /** One; resolves when it is stored. */
  send(document: Document): Promise<unknown>
  close(): Promise<void>
}

export interface Consumer {
  /** Resolves when what was handled is settled, as far as the library tells. */
  settled(): Promise<void>
  close(): Promise<void>
}
