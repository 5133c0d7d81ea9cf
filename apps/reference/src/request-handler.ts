import type { System } from './system.ts'

/** Something that the page asks for. @throws RequestError */
export type RequestHandler = (system: System, body: Readonly<Record<string, unknown>>) => unknown
