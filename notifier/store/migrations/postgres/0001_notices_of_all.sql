ALTER TABLE "notices" ALTER COLUMN "order_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "notices" ALTER COLUMN "status" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "notices" ADD COLUMN "kind" text;--> statement-breakpoint
-- Every notice so far tells a step of an order.
UPDATE "notices" SET "kind" = case "status" when 'pending' then 'order.created' when 'failed' then 'order.rejected' else 'order.' || "status" end;--> statement-breakpoint
ALTER TABLE "notices" ALTER COLUMN "kind" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "notices" ADD COLUMN "details" text DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "notices" ALTER COLUMN "details" DROP DEFAULT;--> statement-breakpoint
CREATE INDEX "notices_by_arrival" ON "notices" USING btree ("tenant_id","user_id","arrival");--> statement-breakpoint
ALTER TABLE "notices" ADD CONSTRAINT "status_is_of_an_order" CHECK (("notices"."kind" like 'order.%') = ("notices"."status" is not null) and ("notices"."status" is null or "notices"."order_id" is not null));--> statement-breakpoint
ALTER TABLE "notices" ADD CONSTRAINT "kind_is_told" CHECK (length("notices"."kind") between 1 and 100);--> statement-breakpoint
ALTER TABLE "notices" ADD CONSTRAINT "details_are_few" CHECK (length("notices"."details") <= 1000);