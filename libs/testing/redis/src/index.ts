export { redisAvailability, startRedis, type Redis, type RedisOptions } from './start-redis';
