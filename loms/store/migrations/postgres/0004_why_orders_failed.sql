ALTER TABLE "orders" ADD COLUMN "reject_reason" text;--> statement-breakpoint
-- What failed before has it from its saga, where it had one; else the goods were not there.
UPDATE "orders" SET "reject_reason" = coalesce((select s."reason" from "sagas" s where s."tenant_id" = "orders"."tenant_id" and s."order_id" = "orders"."id"), 'insufficient_stock') WHERE "status" = 'failed';