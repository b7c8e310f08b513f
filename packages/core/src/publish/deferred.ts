export interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T | Promise<never>) => void
}

let captured: ((value: never) => void) | undefined

const capture = (resolve: (value: never) => void): void => {
  captured = resolve
}

/**
 * A promise and the function that settles it, without a closure of its own. To reject, resolve with a rejected promise: the second
 * function would cost as much memory as the first.
 */
export function deferred<T>(): Deferred<T> {
  const promise = new Promise<T>(capture as (resolve: (value: T | PromiseLike<T>) => void) => void)
  return { promise, resolve: captured as (value: T | Promise<never>) => void }
}
