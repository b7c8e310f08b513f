/**
 * Makes an error without its stack, which takes more memory than all the rest of it. For errors that come by the thousand from one place. Where
 * the platform does not let itself be changed they keep it.
 */
export function withoutStack<E extends Error>(make: () => E): E {
  const { stackTraceLimit } = Error
  if (!Reflect.set(Error, 'stackTraceLimit', 0)) return make()
  try {
    return make()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}
