export { type Admin, createAdmin, type RequestInfo } from './admin.ts'
export { fastifyAdmin } from './fastify.ts'
export { type NodeHandler, nodeHandler } from './node.ts'
export type {
  AdminAction,
  AdminInstance,
  AdminOptions,
  InspectedChange,
  InspectedCollection,
  InspectedEntry,
} from './options.ts'
