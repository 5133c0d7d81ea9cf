/** Milliseconds on the machine's monotonic clock: comparable between the processes of one machine. */
export const now = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000
