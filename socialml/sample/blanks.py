"""Small files to download and fill in."""

from __future__ import annotations


def templates() -> dict[str, str]:
    """{file name: its text}"""
    return TEMPLATES


TEMPLATES = {
    "events.csv": "user_id,ts,action,item_id,category,platform,device,seconds,pages,text\n"
    "C1001,2025-09-28 20:15:04,view,P0001,beauty,Douyin,iPhone,65,3,\n"
    "C1001,2025-09-28 20:17:40,like,P0001,beauty,Douyin,iPhone,,,\n"
    "C1002,2025-09-29 12:03:11,comment,P0042,snacks,Kuaishou,Huawei,,,great quality\n",
    "orders.csv": "order_id,user_id,ts,item_id,category,quantity,amount,discount,platform,device\n"
    "A0001,C1001,2025-09-28 20:21:30,P0001,beauty,1,129.00,20.00,Douyin,iPhone\n"
    "A0002,C1002,2025-09-29 12:10:00,P0042,snacks,2,35.80,0.00,Kuaishou,Huawei\n"
    "A0001,C1001,2025-09-30 09:00:00,P0001,beauty,-1,-129.00,0.00,Douyin,iPhone\n",
    "impressions.csv": "user_id,ts,platform,category,offer,propensity,seconds,likes,comments,shares,purchases,amount,"
    "returned,satisfaction\n"
    "C1001,2025-09-28 20:15:04,Douyin,beauty,coupon,0.25,65.5,1,0,0,1,129.00,1,5\n"
    "C1002,2025-09-28 20:16:11,Kuaishou,snacks,none,0.05,12.0,0,0,0,0,0.00,0,\n"
    "C1002,2025-09-28 20:18:40,Kuaishou,home,none,0.10,48.2,0,1,0,0,0.00,0,\n",
    "users.csv": "user_id,gender,age,region,income,device,platform,registered,satisfaction\n"
    "C1001,female,29,Guangdong,8500,iPhone,Douyin,2024-11-03,5\n"
    "C1002,male,41,Henan,5200,Huawei,Kuaishou,2025-08-19,\n"
    "C1003,female,35,Sichuan,,Xiaomi,Douyin,2023-06-30,4\n",
    "creators.csv": "creator_id,channel,tier,followers,follower_quality,interaction_rate,content_type,category,price\n"
    "K1001,Douyin,head,2300000,0.62,0.041,short video,beauty,86000\n"
    "K1002,Xiaohongshu,mid,310000,0.71,0.055,pictures,beauty,12500\n"
    "K1003,WeChat,tail,18000,0.58,0.022,article,home,1200\n",
    "placements.csv": "campaign_id,creator_id,phase,ts,price,reads,likes,comments,shares,sales,later_reads\n"
    "A2025-06,K1002,1,2025-06-01 12:00:00,12000,148000,5600,410,230,9800.00,21000\n"
    "A2025-06,K1001,2,2025-06-09 19:30:00,86000,1260000,39000,3100,1900,121500.00,96000\n"
    "A2025-06,K1003,3,2025-06-16 08:15:00,1200,9400,150,12,6,860.00,\n",
}
