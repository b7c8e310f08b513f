/** Monotonic milliseconds of the machine: the same in every process of it. */
export const machineTime = (): number => Number(process.hrtime.bigint()) / 1e6
