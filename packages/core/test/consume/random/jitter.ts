/**
 * Jitter of backoffs has to be the same in a replay, whoever else in this process asks for random numbers. Some modules take hold of
 * `Math.random` when they are loaded, so this one is to be imported before them.
 */
export const jitter: { value: number | undefined } = { value: undefined }

const { random } = Math
Math.random = () => jitter.value ?? random()
