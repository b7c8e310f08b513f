/** Where Sluice writes what an operator may want to read. Structured fields come second; a `console` fits. */
export interface Logger {
  debug(text: string, fields?: object): void
  info(text: string, fields?: object): void
  warn(text: string, fields?: object): void
  error(text: string, fields?: object): void
}

const nothing = (): void => undefined

/** The default: Sluice is silent unless a logger is passed. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }
