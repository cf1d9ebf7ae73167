"""Words that values are made of: names, places, goods; made up or common, nobody's."""

from random import Random

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰红梅建国文斌宇浩然子轩梓涵欣怡思琪雨桐佳慧俊晨嘉志鹏海燕晓东雪莹国庆春生秀珍振宁立新光辉永康学诗若曦一诺沐辰可馨"
PROVINCE_CITIES = [
    ("浙江省", "杭州市", "西湖区"),
    ("广东省", "深圳市", "南山区"),
    ("四川省", "成都市", "武侯区"),
    ("湖北省", "武汉市", "洪山区"),
    ("江苏省", "南京市", "鼓楼区"),
    ("陕西省", "西安市", "雁塔区"),
    ("山东省", "青岛市", "市南区"),
    ("福建省", "厦门市", "思明区"),
    ("", "北京市", "海淀区"),
    ("", "上海市", "浦东新区"),
    ("湖南省", "长沙市", "岳麓区"),
    ("河南省", "郑州市", "金水区"),
]
ROADS = "文三路 中山路 人民路 建设大道 解放街 学院路 科苑路 长江路 和平里 青年大街 幸福巷 光明路 滨河路 工业路 复兴路".split()
ESTATES = "阳光花园 翠苑小区 金色家园 和谐公寓 锦绣苑 香樟园 东方新村".split()
GOODS = "小米手机 充电宝 蓝牙耳机 婴儿奶粉 纸尿裤 洗衣液 运动鞋 保温杯 电饭煲 台灯 大米 牛奶 键盘 背包 空气炸锅".split()
COMPANIES = "恒达 远景 金茂 华创 中科 蓝天 汇通 博雅 新源 盛世 鼎新 瑞丰".split()
TRADES = "科技 贸易 建筑 物流 餐饮管理 信息技术 电子商务 装饰工程 文化传媒".split()


def person(rng: Random) -> str:
    return rng.choice(SURNAMES) + "".join(rng.choice(GIVEN) for _ in range(rng.choice([1, 2, 2, 2])))


def address(rng: Random) -> str:
    place = "".join(rng.choice(PROVINCE_CITIES))
    if rng.random() < 0.4:
        return f"{place}{rng.choice(ESTATES)}{rng.randint(1, 30)}栋{rng.randint(1, 6)}单元{rng.randint(101, 3205)}室"
    return f"{place}{rng.choice(ROADS)}{rng.randint(1, 999)}号{rng.choice(['', f'{rng.randint(1, 20)}号楼{rng.randint(101, 2808)}'])}"


def company(rng: Random) -> str:
    return f"{rng.choice(['杭州', '深圳市', '北京', '上海', '四川'])}{rng.choice(COMPANIES)}{rng.choice(TRADES)}{rng.choice(['有限公司', '有限责任公司', '股份有限公司'])}"
